//! What keys and columns are called in English, and what tells a person's name from a thing's.

use super::Category::{
    self, Account, AccountOrUser, Address, Birth, Card, ClientIp, DriverLicense, Email, Geo,
    MaybeName, MaybeUserId, Name, Neutral, Passport, Password, Phone, Plate, Rrn, ServerIp, Token,
    UserId, UserName,
};
use crate::words::Words;

/// Keys in English, written together and in lower case; they match the end of a key.
pub(super) const KEYS: &[(Category, &str)] = &[
    (
        Name,
        "fullname firstname lastname givenname familyname middlename surname realname legalname korname engname \
            nickname",
    ),
    (UserName, "username"),
    (
        MaybeName,
        "receiver recipient sender holder accountholder cardholder applicant customer reporter assignee requester \
                 requestor approver author writer owner manager patient employee guardian depositor remitter payer payee \
                 beneficiary insured visitor student teacher resident citizen signer buyer seller driver passenger guest \
                 leader teamleader chief chairman attendee participant claimant petitioner complainant registrant contactperson rcvr recvnm rcvnm",
    ),
    (
        Phone,
        "phone mobile tel telno telephone hp hpno handphone cell cellphone cellno phoneno phonenum phonenumber mobileno \
             mobilenum mobilenumber mobilephone contactno contactnumber contacttel msisdn fax faxno faxnumber callback \
             callbackno callbacknumber caller callee callerid hometel officetel smsto recvno rcvno sendno ctn cphone mphone \
             tel1 tel2 tel3 mobileno",
    ),
    (
        Email,
        "email mail emailaddr emailaddress mailaddr mailaddress emailid",
    ),
    (
        Rrn,
        "rrn rrno jumin juminno juminnum juminnumber juminbunho ssn ssno ssnno residentno residentnumber residentid \
           residentregno residentregistrationnumber frn foreignerno foreignerregno foreignregno foreignerid alienno \
           alienregno arcno socialno socialnumber personalno ihidnum nationalid idcardno",
    ),
    (
        Card,
        "card cardno cardnum cardnumber cardnbr creditcard creditcardno creditcardnumber ccnum ccno ccnumber pan \
            debitcard primaryaccountnumber",
    ),
    (
        Account,
        "acct acctno acctnum acctnumber accountno accountnum accountnumber accno accnum bankaccount bankaccountno \
               bankacct bankno vacctno virtualaccount depositaccount refundaccount withdrawaccount accnt accntno iban \
               gyejwa bankaccountnumber actno",
    ),
    (AccountOrUser, "account"),
    (
        Passport,
        "passport passportno passportnum passportnumber passportid ppno psptno psptnum",
    ),
    (
        DriverLicense,
        "driverlicense driverlicence driverlicenseno driverlicenceno driverslicense driverslicenseno licenseno \
                     licenceno licensenumber licencenumber driverlicensenumber drvlicno driveno dlno driverno \
                     drivinglicense drivinglicence drivinglicenceno",
    ),
    (
        Plate,
        "carno carnum carnumber plate plateno platenum platenumber licenseplate vehicleno vehiclenum vehiclenumber vhclno \
             regplate carplate vehicleplate",
    ),
    (
        Address,
        "addr address roadaddr roadaddress homeaddr homeaddress shipaddr shippingaddress deliveryaddr deliveryaddress \
               dtladdr detailaddr addrdetail addressdetail addrdtl addressline jibunaddr streetaddress street residence",
    ),
    (
        Birth,
        "birth birthdate birthday birthdt birthymd birthde dob dateofbirth bday brth brthdy brdt bthday birthdaydate",
    ),
    (
        ClientIp,
        "clientip clientaddr clientaddress remoteaddr remoteip remoteaddress remotehost xforwardedfor forwardedfor \
                xrealip realip userip loginip accessip connip connectip connectedip visitorip sourceip srcip srcaddr \
                requestip reqip client remote src xff trueclientip cfconnectingip rhost callerip customerip ip ipaddr \
                ipaddress clienthost xclientip peeraddr peerip fromip regip wrtip cip",
    ),
    (
        ServerIp,
        "serverip server serveraddr serveraddress upstream upstreamaddr host hostip hostname nodeip node podip pod \
                dbhost dbip db listen bind bindaddr bindaddress listenaddr dst dest destip dstip destinationip targetip target \
                vip virtualip gateway gw nameserver dns endpoint backend backendip proxy proxypass master slave replica \
                redis localaddr localip lb clusterip serviceip loadbalancer svcip wasip webip broker leader follower \
                containerip instanceip privateip internalip",
    ),
    (
        Geo,
        "lat lng lon long latitude longitude gps pos position location loc coord coords coordinate coordinates geo \
           geopoint latlng latlon lonlat lnglat gpslat gpslng gpslon point xpos ypos",
    ),
    (
        UserId,
        "userid loginid memberid custid customerid empid employeeid adminid accountid mbrid memid usrid uid loginname \
              loginuser login user userno empno employeeno membernumber principal createdby updatedby modifiedby \
              deletedby operatorid operator actor actorid ruser userlogin registerid regid regrid rgtrid modid mdfrid \
              writerid authorid senderid receiverid ownerid managerid approverid studentid patientid",
    ),
    (MaybeUserId, "id"),
    (
        Password,
        "password passwd passwrd pwd pass passphrase pw userpw userpwd loginpw loginpwd newpassword oldpassword \
                currentpassword passcode passwordconfirm dbpassword masterpassword pin pinno pinnumber otp otpcode secret \
                clientsecret userpassword rootpassword",
    ),
    (
        Token,
        "token accesstoken refreshtoken idtoken authtoken apitoken bearertoken resettoken verifytoken invitetoken \
             sessiontoken csrftoken xsrftoken devicetoken pushtoken fcmtoken rememberme remembertoken apikey xapikey appkey \
             servicekey secretkey accesskey accesskeyid privatekey authkey authkeyid certkey crtfckey licensekey \
             encryptionkey signingkey session sessionid sessid sid jsessionid phpsessid connectsid aspnetsessionid \
             sessionkey sesskey signature sig xamzsignature xgoogsignature xamzsecuritytoken xamzcredential credential \
             hmac jwt bearer authorization proxyauthorization csrf xsrf xcsrftoken xxsrftoken ticket assertion \
             samlresponse webhooksecret sessioncookie authcookie ssotoken onetimetoken confirmtoken activationkey",
    ),
    (
        Neutral,
        "traceid spanid trace span parentid requestid xrequestid reqid correlationid transactionid txid txseq tid \
               commit sha sha1 sha256 sha512 md5 digest checksum crc etag hash idempotencykey jobid messageid msgid eventid \
               orderno orderid ordno ordernumber orderseq invoiceno receiptno approveno approvalno stlno trackingno waybillno \
               partno partcd lot lotno serial serialno gtin ean isbn barcode upc sku goodsno itemno prodno productno bizno \
               businessno businessnumber brn bizregno corpno corpregno corpnumber crn ts timestamp time datetime version ver \
               build rev revision port pid ppid thread seq idx index code cd status ms us ns sec duration elapsed latency \
               price amount amt total sum count cnt qty size bytes length len offset limit page zip zipcode postcode \
               postalcode docno docid fileid boardno postno noticeno caseno reportno width height heap max min avg mean p50 \
               p90 p95 p99 rate ratio score percent created updated expires expiry exp iat nbf start end millis \
               epoch createdat updatedat etagid uuid guid objectid resourceid deviceseq deviceid",
    ),
];

/// Words in front of `name` or `nm` that make it a person's.
pub(super) static PERSON: Words = Words::new(
    "user member cust customer emp employee person people full first last given family real kor eng recv rcv \
    rcvr receiver recipient sender send owner holder applicant applcnt aplcnt patient student guardian parent child rider \
    driver visitor guest contact manager mngr mgr reg rgtr writer wrtr author depositor dpstr payer payee nick resident staff \
    citizen insured reporter assignee approver buyer seller orderer purchaser rep ceo teacher professor doctor nurse \
    worker operator chrg charger mbr mem usr civil petitioner claimant complainant passenger tenant spouse father mother \
    register signer attendee participant head account",
);

/// Words in front of `name`, or keys around it, that make it a thing's.
pub(super) static THING: Words = Words::new(
    "product prod item menu goods good file folder class table column host service svc dept department org \
    organization company corp bank branch code job app application bean thread event sort display field method param \
    parameter server node site db database schema tag pod container namespace image region city country brand model shop \
    store team project group role category cate doc document page screen program module package pkg api rule policy cluster \
    queue topic index logger metric queue key var variable attr attribute property option domain instance device sensor \
    stage step task batch process pool cache bucket object resource template theme font color size unit type kind market \
    food dish drink meal book song movie game place building room floor school course subject pos position duty rank grade class maker vendor supplier exam center office agency \
    institution facility station road street bill law board article title label channel stream job zone area part lot sku \
    material ingredient recipe animal plant vehicle car equipment asset plan campaign coupon stores goods items products \
    menus services files options fields columns tables categories",
);
